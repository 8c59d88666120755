"""Parameters of several segments in an address: they take whatever stands there, and what it is for judges it."""

from starlette.convertors import PathConvertor, register_url_convertor


class WholePath(PathConvertor):
    """Takes line breaks, too. The framework's own does not, and then there is no such address.

    It even drops one at the end, so that two addresses are of one thing.
    """

    regex = r"[\s\S]*"


register_url_convertor("path", WholePath())
