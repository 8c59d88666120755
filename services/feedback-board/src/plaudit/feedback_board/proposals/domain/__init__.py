"""What is proposed, and what is not: values in, proposals out."""
