# lib/signer
