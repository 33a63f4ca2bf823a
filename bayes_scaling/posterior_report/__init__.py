"""What a report says, first to last, of a fit, a comparison or a robustness run; written by `report`."""
