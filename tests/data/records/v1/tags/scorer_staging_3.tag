object e127a47318a00b32359c86a837331b6fa819702e
type commit
tag scorer#staging#3
tagger Remy Release <remy@example.org> 1795423738 +0000

Assigning stage staging to artifact scorer

{"actor":"remy","card":"sha256:ac51057d3dab514b4aa801630aa4e9f6a5a26063c371158a861e9ff79bff414d","commit":"git-sha1:e127a47318a00b32359c86a837331b6fa819702e","decisions":["sha256:a6a28ae09ccd6f208d3c6622d4e203284056bfbcdc2917ce170668d26cce6876"],"kind":"promote","log":{"root":"sha256:e064945259183db7f3b15ba061064af80d8d8b8eb317311e284cab091a3f36cb","size":28},"model":"scorer","policy":"sha256:89063f2e0968a12da7c2a4f4eb84b1dcd6344a21373034ee6e8c0dce991d0498","ref":"scorer#staging#3","request":"sha256:d48e795dd466b4b0198de798202a6aa4b2ee84642fc26894d017a8b19651078c","requirements":"sha256:11579a0f4fdbb79f6129f946d31a7f29ec138289d91bbfc9a9029b92bf1f5372","schema":"govkit.tag/v1","stage":"staging","version":"1.1.0","weights":"sha256:da4f56ce32f9e53da327d56153998ab622383b3114183bee523aee42d7930463"}
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgdu1ocW8bxg7jkGxQG/dNK7BrMZ
aFcr4rjXSz1UZF2M8AAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5
AAAAQEImgdqSIFw9OxRDyV3RVwLpxfOoT7TcZWYcBmT8RNiDSif5nBNeMJKXyIrALGDj/p
dMsMnMKx57OoFrY78IlQw=
-----END SSH SIGNATURE-----
