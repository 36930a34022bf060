# unit tests of directory
