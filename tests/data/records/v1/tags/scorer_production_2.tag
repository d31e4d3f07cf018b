object 708a591f8cded439f349c832b5fb23b33d4fd8ef
type commit
tag scorer#production#2
tagger Remy Release <remy@example.org> 1795423736 +0000

Assigning stage production to artifact scorer

{"actor":"remy","card":"sha256:a0c53c1a7c301ebd53313a57244003bf07f34b4c76c45753a98920a354299baa","commit":"git-sha1:708a591f8cded439f349c832b5fb23b33d4fd8ef","decisions":["sha256:262628c577dcbd87008877eb0824cf5a4114e9111d6e81752136078f6558f277","sha256:6573601a1ea6220a5bccb6a8d988e75d1984bcee23e030df115e5ced2a374fc7"],"kind":"promote","log":{"root":"sha256:315009dd4e473abb82f5cbe7d41abcaaadce87ba42c413c2207a3f16a38cd7ea","size":13},"model":"scorer","policy":"sha256:491aa7fce84f3eedc24c4cc020e67f6e5c31e2f37319aa0d5bb1ca5444f17ec5","ref":"scorer#production#2","request":"sha256:d344d4697261ec78fdc7c17c5f5317a697a23b2b441f2a582a0e04bdbe66a910","requirements":"sha256:c04e15e5341da8318478ad10e907672dff060b8fbc655e976d75f0777d1599bb","schema":"govkit.tag/v1","stage":"production","version":"1.0.0","weights":"sha256:eae779891df66506f722387bd8c9939ffe73c4203db5333c152ae3b7f4145e61"}
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgdu1ocW8bxg7jkGxQG/dNK7BrMZ
aFcr4rjXSz1UZF2M8AAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5
AAAAQI/hOvjYk4TRsRYNNPzDABp26hpYiI7fXJ2blw3lnV/ISZs83hPlX7zpJeXzo5R/wS
aJD6Ke+MHoyaOEN5DSrwU=
-----END SSH SIGNATURE-----
