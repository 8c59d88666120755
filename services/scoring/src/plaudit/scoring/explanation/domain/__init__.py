"""The rules of explanation: values in, decisions out."""
