"""The rules of figures: values in, figures out."""
