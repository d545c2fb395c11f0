"""What people see of the App in a browser."""
