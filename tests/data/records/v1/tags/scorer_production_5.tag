object 708a591f8cded439f349c832b5fb23b33d4fd8ef
type commit
tag scorer#production#5
tagger Remy Release <remy@example.org> 1795423740 +0000

Assigning stage production to artifact scorer

{"actor":"remy","card":"sha256:a0c53c1a7c301ebd53313a57244003bf07f34b4c76c45753a98920a354299baa","commit":"git-sha1:708a591f8cded439f349c832b5fb23b33d4fd8ef","decisions":[],"kind":"rollback","log":{"root":"sha256:c4999da02a5f6f71a89c1476401833c4d4520f3750d369ac8fd0531655d47236","size":33},"model":"scorer","policy":"sha256:89063f2e0968a12da7c2a4f4eb84b1dcd6344a21373034ee6e8c0dce991d0498","ref":"scorer#production#5","request":null,"requirements":"sha256:c04e15e5341da8318478ad10e907672dff060b8fbc655e976d75f0777d1599bb","schema":"govkit.tag/v1","stage":"production","version":"1.0.0","weights":"sha256:eae779891df66506f722387bd8c9939ffe73c4203db5333c152ae3b7f4145e61"}
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgdu1ocW8bxg7jkGxQG/dNK7BrMZ
aFcr4rjXSz1UZF2M8AAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5
AAAAQC1XcEWeKE1DVDGPRxDLR9XtO7dhx6cN8bweptERFdiHnD7AAVQkGOrK8OOITltRU+
60dMtKxl9dEkcM0JsPwwM=
-----END SSH SIGNATURE-----
