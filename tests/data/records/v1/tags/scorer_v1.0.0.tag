object 708a591f8cded439f349c832b5fb23b33d4fd8ef
type commit
tag scorer@v1.0.0
tagger Ada Engineer <ada@example.org> 1795423734 +0000

Registering artifact scorer version v1.0.0

{"actor":"ada","card":"sha256:a0c53c1a7c301ebd53313a57244003bf07f34b4c76c45753a98920a354299baa","commit":"git-sha1:708a591f8cded439f349c832b5fb23b33d4fd8ef","decisions":[],"kind":"register","log":{"root":"sha256:ce06bdc11b2304c320e39ca9585130b806869b68ef2c0a169f017cd37307fd94","size":1},"model":"scorer","policy":"sha256:491aa7fce84f3eedc24c4cc020e67f6e5c31e2f37319aa0d5bb1ca5444f17ec5","ref":"scorer@v1.0.0","request":null,"requirements":null,"schema":"govkit.tag/v1","stage":null,"version":"1.0.0","weights":"sha256:eae779891df66506f722387bd8c9939ffe73c4203db5333c152ae3b7f4145e61"}
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgzIK3mD8dMO5cA5tHbfgcrvzjZX
3jU8twj3JRLhgpkrMAAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5
AAAAQPOiBtDmtdZcn6CNPy1N9+yYurtHYRJ4Lj+AyNSD4bcEu8GqL/aCnH0KINMCsiHZsv
yY8rx4qOyI/Kv2af8/Pgs=
-----END SSH SIGNATURE-----
