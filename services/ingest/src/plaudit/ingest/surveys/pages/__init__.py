"""The pages of surveys: what customers see, and the console's."""
