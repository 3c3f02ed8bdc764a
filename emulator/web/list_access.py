"""Who may read lists, and who may change them."""

from __future__ import annotations

import falcon

from emulator.web.gate import ApiResource, Caller

READ = ("crm.lists.read",)
WRITE = ("crm.lists.write", "cms.membership.access_groups.write")


class ListResource(ApiResource):
    def reader(self, req: falcon.Request) -> Caller:
        caller = self.caller(req)
        caller.require(READ)
        return caller

    def writer(self, req: falcon.Request) -> Caller:
        """Changing a list takes the right to read lists too."""
        caller = self.reader(req)
        caller.require(WRITE)
        return caller
