"""Forms as v3 and v2 show them, and what was sent with them."""

from __future__ import annotations

from typing import Any

from emulator.instants import iso
from emulator.marketing.things import Form, FormField, Submission

Json = dict[str, Any]
_THANKS = "Thanks for submitting the form."


def form_v3(form: Form) -> Json:
    return {
        "id": form.id,
        "name": form.name,
        "formType": form.type,
        "createdAt": iso(form.created_at),
        "updatedAt": iso(form.updated_at),
        "archived": False,
        "fieldGroups": [
            {"groupType": "default_group", "richTextType": "text", "fields": [_field_v3(each)]} for each in form.fields
        ],
        "configuration": {
            "language": "en",
            "cloneable": True,
            "postSubmitAction": {"type": "thank_you", "value": _THANKS},
            "editable": True,
            "archivable": True,
            "recaptchaEnabled": False,
            "notifyContactOwner": False,
            "notifyRecipients": [],
            "createNewContactForNewEmail": False,
            "prePopulateKnownValues": True,
            "allowLinkToResetKnownValues": False,
            "lifecycleStages": [],
        },
        "displayOptions": {
            "renderRawHtml": False,
            "theme": "default_style",
            "submitButtonText": form.submit_text,
            "style": _STYLE,
            "cssClass": "hs-form stacked",
        },
        "legalConsentOptions": {"type": "none"},
    }


def _field_v3(field: FormField) -> Json:
    shown: Json = {
        "objectTypeId": "0-1",
        "name": field.name,
        "label": field.label,
        "required": field.required,
        "hidden": False,
        "fieldType": field.kind,
    }
    if field.kind == "email":
        shown["validation"] = {"blockedEmailDomains": [], "useDefaultBlockList": False}
    return shown


_STYLE = {
    "fontFamily": "arial, helvetica, sans-serif",
    "backgroundWidth": "100%",
    "labelTextColor": "#33475b",
    "labelTextSize": "13px",
    "helpTextColor": "#7C98B6",
    "helpTextSize": "11px",
    "legalConsentTextColor": "#33475b",
    "legalConsentTextSize": "14px",
    "submitColor": "#ff7a59",
    "submitAlignment": "left",
    "submitFontColor": "#ffffff",
    "submitSize": "12px",
}


def form_v2(form: Form, hub_id: int) -> Json:
    return {
        "portalId": hub_id,
        "guid": form.id,
        "name": form.name,
        "action": "",
        "method": "POST",
        "cssClass": "hs-form stacked",
        "redirect": "",
        "submitText": form.submit_text,
        "followUpId": "",
        "notifyRecipients": "",
        "leadNurturingCampaignId": "",
        "formFieldGroups": [
            {"fields": [_field_v2(each, order)], "default": True, "isSmartGroup": False, "richText": {"content": ""}}
            for order, each in enumerate(form.fields)
        ],
        "createdAt": form.created_at,
        "updatedAt": form.updated_at,
        "performableHtml": "",
        "migratedFrom": "",
        "ignoreCurrentValues": False,
        "metaData": [{"name": "lang", "value": "en"}],
        "deletable": True,
        "inlineMessage": _THANKS,
        "tmsId": "",
        "captchaEnabled": False,
        "campaignGuid": "",
        "cloneable": True,
        "editable": True,
        "formType": form.type.upper(),
    }


def _field_v2(field: FormField, order: int) -> Json:
    return {
        "name": field.name,
        "label": field.label,
        "type": "string",
        "fieldType": field.kind_v2,
        "description": "",
        "groupName": "contactinformation",
        "displayOrder": order,
        "required": field.required,
        "selectedOptions": [],
        "options": [],
        "validation": {"name": "", "message": "", "data": "", "useDefaultBlockList": False},
        "enabled": True,
        "hidden": False,
        "defaultValue": "",
        "isSmartField": False,
        "unselectedLabel": "",
        "placeholder": "",
        "labelHidden": False,
    }


def submission(sent: Submission) -> Json:
    return {
        "conversionId": sent.id,
        "submittedAt": sent.at,
        "values": [{"name": name, "value": value, "objectTypeId": "0-1"} for name, value in sent.values.items()],
        "pageUrl": sent.page_url,
    }
