"""What every room needs: files written whole, numbers in words, strict JSON."""
