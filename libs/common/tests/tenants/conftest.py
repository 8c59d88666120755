from plaudit_testing.command_line_fixtures import command_line

__all__ = ["command_line"]
