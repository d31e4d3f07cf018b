object 708a591f8cded439f349c832b5fb23b33d4fd8ef
type commit
tag scorer#production!#6
tagger Remy Release <remy@example.org> 1795423741 +0000

Unassigning stage 'production' to artifact scorer

{"actor":"remy","card":null,"commit":"git-sha1:708a591f8cded439f349c832b5fb23b33d4fd8ef","decisions":[],"kind":"clear","log":{"root":"sha256:ee0a5a9711c292e079834067d258d324bbdfbbc6f565c82d918f9ea33580e6a8","size":34},"model":"scorer","policy":"sha256:89063f2e0968a12da7c2a4f4eb84b1dcd6344a21373034ee6e8c0dce991d0498","ref":"scorer#production!#6","request":null,"requirements":null,"schema":"govkit.tag/v1","stage":"production","version":"1.0.0","weights":null}
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgdu1ocW8bxg7jkGxQG/dNK7BrMZ
aFcr4rjXSz1UZF2M8AAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5
AAAAQBx+XM9i4TydtuCZbmYJ433vimSr6r5JJVqmehLXxDlB5nFDFyZOXcrdYw4bD6AEBY
dfXw0noufgQebXJW2NNwM=
-----END SSH SIGNATURE-----
