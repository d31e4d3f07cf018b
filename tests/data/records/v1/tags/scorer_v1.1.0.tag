object e127a47318a00b32359c86a837331b6fa819702e
type commit
tag scorer@v1.1.0
tagger Ada Engineer <ada@example.org> 1795423737 +0000

Registering artifact scorer version v1.1.0

{"actor":"ada","card":"sha256:ac51057d3dab514b4aa801630aa4e9f6a5a26063c371158a861e9ff79bff414d","commit":"git-sha1:e127a47318a00b32359c86a837331b6fa819702e","decisions":[],"kind":"register","log":{"root":"sha256:d2a9aaa35e058ab532db20b57b95a2c86306849077619771f7196aa2389e0869","size":25},"model":"scorer","policy":"sha256:89063f2e0968a12da7c2a4f4eb84b1dcd6344a21373034ee6e8c0dce991d0498","ref":"scorer@v1.1.0","request":null,"requirements":null,"schema":"govkit.tag/v1","stage":null,"version":"1.1.0","weights":"sha256:da4f56ce32f9e53da327d56153998ab622383b3114183bee523aee42d7930463"}
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgzIK3mD8dMO5cA5tHbfgcrvzjZX
3jU8twj3JRLhgpkrMAAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5
AAAAQGwkxXw9pUjydV1EBLTrhW1r7nmEEhGAHpmdx5jGTI0Q//fA4cZ4VgYIwS9GSgUtpK
AyLw4tFs4NRKUPBmkzPgg=
-----END SSH SIGNATURE-----
