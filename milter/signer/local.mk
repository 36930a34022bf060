# milter/signer
