# unit tests of cms
