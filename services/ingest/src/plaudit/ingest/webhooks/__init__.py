"""`plaudit webhook`: what whoever connects a platform tries it with."""
