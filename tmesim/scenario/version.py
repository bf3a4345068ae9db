"""The version of scenario files that is written; it rises when a name that files may use gets another one."""

VERSION = 3
