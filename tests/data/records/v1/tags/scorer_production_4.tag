object e127a47318a00b32359c86a837331b6fa819702e
type commit
tag scorer#production#4
tagger Remy Release <remy@example.org> 1795423739 +0000

Assigning stage production to artifact scorer

{"actor":"remy","card":"sha256:ac51057d3dab514b4aa801630aa4e9f6a5a26063c371158a861e9ff79bff414d","commit":"git-sha1:e127a47318a00b32359c86a837331b6fa819702e","decisions":["sha256:00bb5ddaca89e3487c35a0fc92f5d978c3ef70a58efa5e55d296efa456824625","sha256:3356c36c236054fb31467792e140b7e9ed3df965c134f0c9082ad8615a757814"],"kind":"promote","log":{"root":"sha256:685e492281b1c3e111c3701d4194a33563e0e0f07ea8af62b3a16078deac05dc","size":32},"model":"scorer","policy":"sha256:89063f2e0968a12da7c2a4f4eb84b1dcd6344a21373034ee6e8c0dce991d0498","ref":"scorer#production#4","request":"sha256:4d6f576edfb47598be872ff0871c6e80eacfe444e6614fe1594167eb1fe9d14b","requirements":"sha256:6b9626cb86c5ae93ebb381d89b31b68393d208b35c0641852da5539221625a62","schema":"govkit.tag/v1","stage":"production","version":"1.1.0","weights":"sha256:da4f56ce32f9e53da327d56153998ab622383b3114183bee523aee42d7930463"}
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgdu1ocW8bxg7jkGxQG/dNK7BrMZ
aFcr4rjXSz1UZF2M8AAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5
AAAAQGI2mk6ozt3HhYomsswoXtsbZ7LhKMid6893gKceIQl0lndMwsodKKoG9gxoVCMBkf
P7v3l+TB3yohfOA49JVQ4=
-----END SSH SIGNATURE-----
