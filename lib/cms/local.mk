# lib/cms
