#!/bin/sh
# Packages start no services when they are installed: there is no init here that looks after them.
# To have them started, remove this file.
exit 101
