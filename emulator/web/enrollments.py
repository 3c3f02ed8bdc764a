"""Who is in a workflow, by e-mail: /automation/v2/workflows/…/enrollments, which clients of contacts still call.

developers.hubspot.com/docs/methods/workflows/add_contact
"""

from __future__ import annotations

import falcon

from emulator.errors import InvalidInput, ResourceNotFound
from emulator.portals import Portal
from emulator.web.exchange import no_content, reply
from emulator.web.flows import CONTACT_TYPE, FlowResource
from emulator.workflows.plans import Workflow
from emulator.workflows.shown import legacy_listing
from emulator.world import Emulator


class EnrollmentResource(FlowResource):
    def contacts_workflow(self, portal: Portal, text: str) -> Workflow:
        """By its number of before version 4, or the new one.

        Raises ResourceNotFound.
        """
        for each in self.workflows(portal):
            if each.type_id == CONTACT_TYPE and text in (str(each.legacy_id), str(each.id)):
                return each
        raise ResourceNotFound(f"Workflow with id {text[:50]} not found")

    def contact(self, portal: Portal, email: str) -> int:
        """Raises ResourceNotFound."""
        with portal.crm.lock:
            found = portal.crm.tables[CONTACT_TYPE].holder("email", email)
        if found is None:
            raise ResourceNotFound(f"Contact with email {email[:100]} not found")
        return found


class Enrollment(EnrollmentResource):
    """Enrolling counts as done by hand. Who is on the way already stays where they are."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, workflow_id: str, email: str) -> None:
        portal = self.allowed(req).portal
        workflow = self.contacts_workflow(portal, workflow_id)
        if not workflow.plan.enabled:
            raise InvalidInput(f"Workflow {workflow.legacy_id} is not enabled")
        self.emulator.workflows.enroll(workflow, self.contact(portal, email), manual=True)
        no_content(resp)

    def on_delete(self, req: falcon.Request, resp: falcon.Response, workflow_id: str, email: str) -> None:
        portal = self.allowed(req).portal
        workflow = self.contacts_workflow(portal, workflow_id)
        if not self.emulator.workflows.unenroll(workflow, self.contact(portal, email)):
            raise ResourceNotFound(f"Contact with email {email[:100]} is not enrolled")
        no_content(resp)


class EnrollmentsOfContact(EnrollmentResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, vid: str) -> None:
        portal = self.allowed(req).portal
        number = int(vid) if vid.isdecimal() and len(vid) < 18 else -1
        with portal.crm.lock:
            table = portal.crm.tables[CONTACT_TYPE]
            if table.live_record(table.resolve(number)) is None:
                raise ResourceNotFound(f"Contact {vid[:50]} not found")
        found = [each for each in self.workflows(portal) if number in each.active and each.type_id == CONTACT_TYPE]
        reply(resp, [legacy_listing(portal, each) for each in found])


def routes(emulator: Emulator) -> list[tuple[str, EnrollmentResource]]:
    base = "/automation/v2/workflows"
    return [
        (f"{base}/{{workflow_id}}/enrollments/contacts/{{email}}", Enrollment(emulator)),
        (f"{base}/enrollments/contacts/{{vid}}", EnrollmentsOfContact(emulator)),
    ]
