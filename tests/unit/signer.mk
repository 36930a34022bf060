# unit tests of signer
