"""What a report says, first to last, of a fit, a comparison or another study; written by `report`."""
