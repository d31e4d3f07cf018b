object 708a591f8cded439f349c832b5fb23b33d4fd8ef
type commit
tag scorer#staging#1
tagger Remy Release <remy@example.org> 1795423735 +0000

Assigning stage staging to artifact scorer

{"actor":"remy","card":"sha256:a0c53c1a7c301ebd53313a57244003bf07f34b4c76c45753a98920a354299baa","commit":"git-sha1:708a591f8cded439f349c832b5fb23b33d4fd8ef","decisions":["sha256:472692e196526d89edd798e4d5c6bdc26ab274ff596f026af35a9a1ce29224ca"],"kind":"promote","log":{"root":"sha256:c9f59e69b76f70740f210cd7d491efd2233f92a022a8a6bc77de878379d0e4b7","size":4},"model":"scorer","policy":"sha256:491aa7fce84f3eedc24c4cc020e67f6e5c31e2f37319aa0d5bb1ca5444f17ec5","ref":"scorer#staging#1","request":"sha256:d7f580441894d01f442b0fe172fc5ccfa50ffa8e5a97aa5b4596e5cc0808c81e","requirements":"sha256:186e0632c7f4feadb38d721027128a07b2dc410cd13879262b25e3ba3a645415","schema":"govkit.tag/v1","stage":"staging","version":"1.0.0","weights":"sha256:eae779891df66506f722387bd8c9939ffe73c4203db5333c152ae3b7f4145e61"}
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgdu1ocW8bxg7jkGxQG/dNK7BrMZ
aFcr4rjXSz1UZF2M8AAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5
AAAAQO2mM9t3FSKmq5uyIX1UkDYbA1qsC5OQ4jys1LP9ge/a7p04jPjT224xFfW5kGcKGj
XAQuaB3AHRuycimbOvEw0=
-----END SSH SIGNATURE-----
