"""What is done about proposals: reviews are compared with requests, and staff decide."""
