"""What an incident, an update and a data breach are, and the rules about them."""
