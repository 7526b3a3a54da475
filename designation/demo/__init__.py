"""What is invented for demonstration: users to sign in as, and a year of requests. Nobody in it is real."""
