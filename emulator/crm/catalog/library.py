"""Kinds that an account can switch on from HubSpot's object library, and those that HubSpot fills itself."""

from __future__ import annotations

from emulator.crm.catalog.kinds import standard
from emulator.crm.catalog.shorthand import choice, date, derived, moment, number, pipeline, stage, text
from emulator.crm.object_types import granular

_STAGES = (pipeline("hs_pipeline", ""), stage("hs_pipeline_stage", "Pipeline stage", ""))
_IN_A_STAGE = ("hs_pipeline", "hs_pipeline_stage")

LEADS = standard(
    *("0-136", "lead", "leads"),
    granular("leads"),
    text("hs_lead_name", "Lead Name", ""),
    choice(
        *("hs_lead_type", "Lead Type", ""),
        *(("NEW BUSINESS", "New business"), ("RE_ATTEMPTING", "Re-attempting"), ("UPSELL", "Upsell")),
    ),
    choice("hs_lead_label", "Lead Label", "", ("COLD", "Cold"), ("WARM", "Warm"), ("HOT", "Hot")),
    *_STAGES,
    label="hs_lead_name",
    shown=("hs_lead_name", "hs_lead_type", *_IN_A_STAGE),
    needs_all_of=("hs_lead_name",),
    belongs_by=(578, 580),
)

SERVICES = standard(
    *("0-162", "service", "services"),
    granular("services"),
    text("hs_name", "Name", ""),
    text("hs_description", "Description", "", long=True),
    text("hs_category", "Category", ""),
    number("hs_amount_paid", "Amount paid", ""),
    moment("hs_start_date", "Start date", ""),
    moment("hs_close_date", "Close date", ""),
    *_STAGES,
    label="hs_name",
    shown=("hs_name", *_IN_A_STAGE),
    needs_all_of=("hs_name",),
)

COURSES = standard(
    *("0-410", "course", "courses"),
    granular("courses"),
    text("hs_course_name", "Course Name", ""),
    text("hs_course_id", "Course ID", ""),
    text("hs_description", "Description", "", long=True),
    text("hs_level", "Level", ""),
    *_STAGES,
    label="hs_course_name",
    shown=("hs_course_name",),
    needs_all_of=("hs_course_name",),
)

LISTINGS = standard(
    *("0-420", "listing", "listings"),
    granular("listings"),
    text("hs_name", "Name", ""),
    text("hs_address_1", "Address 1", ""),
    text("hs_city", "City", ""),
    text("hs_zip", "Postal code", ""),
    number("hs_price", "Price", ""),
    number("hs_bedrooms", "Bedrooms", ""),
    *_STAGES,
    label="hs_name",
    shown=("hs_name",),
    needs_all_of=("hs_name",),
)

APPOINTMENTS = standard(
    *("0-421", "appointment", "appointments"),
    granular("appointments"),
    text("hs_appointment_name", "Name", ""),
    moment("hs_appointment_start", "Start", ""),
    moment("hs_appointment_end", "End", ""),
    text("hs_appointment_status", "Status", ""),
    *_STAGES,
    label="hs_appointment_name",
    shown=("hs_appointment_name", "hs_appointment_start"),
    needs_all_of=("hs_appointment_name",),
)

PROJECTS = standard(
    *("0-970", "project", "projects"),
    granular("projects"),
    text("hs_name", "Name", ""),
    text("hs_description", "Description", "", long=True),
    date("hs_target_due_date", "Due date", ""),
    *_STAGES,
    label="hs_name",
    shown=("hs_name", *_IN_A_STAGE),
    needs_all_of=("hs_name",),
)

GOAL_TARGETS = standard(
    *("0-74", "goal_target", "goal_targets"),
    granular("goals"),
    text("hs_goal_name", "Goal Name", ""),
    number("hs_target_amount", "Target Amount", ""),
    moment("hs_start_datetime", "Start date", ""),
    moment("hs_end_datetime", "End date", ""),
    derived("hs_created_by_user_id", "Created by user ID", "", "number"),
    label="hs_goal_name",
    shown=("hs_goal_name", "hs_target_amount", "hs_start_datetime", "hs_end_datetime"),
    aliases=("goals", "goal"),
)

DEAL_SPLITS = standard(
    *("0-72", "deal_split", "deal_splits"),
    granular("deals"),
    number("hs_deal_split_amount", "Split amount", ""),
    number("hs_deal_split_percentage", "Split percentage", ""),
    label="hs_object_id",
    shown=("hs_deal_split_amount", "hs_deal_split_percentage"),
)

FEEDBACK_SUBMISSIONS = standard(
    *("0-19", "feedback_submission", "feedback_submissions"),
    granular("feedback_submissions"),
    text("hs_survey_name", "Survey name", ""),
    text("hs_survey_type", "Survey type", ""),
    text("hs_content", "Response", "", long=True),
    text("hs_response_group", "Response group", ""),
    number("hs_value", "Rating", ""),
    moment("hs_submission_timestamp", "Submitted at", ""),
    label="hs_survey_name",
    shown=("hs_content", "hs_survey_name", "hs_survey_type", "hs_submission_timestamp"),
    creatable=False,
)

MARKETING_EVENTS = standard(
    *("0-54", "marketing_event", "marketing_events"),
    granular("marketing_events"),
    text("hs_event_name", "Event name", ""),
    text("hs_event_type", "Event type", ""),
    text("hs_event_organizer", "Organizer", ""),
    moment("hs_start_datetime", "Start", ""),
    moment("hs_end_datetime", "End", ""),
    label="hs_event_name",
    shown=("hs_event_name", "hs_start_datetime"),
    needs_all_of=("hs_event_name",),
)

USERS = standard(
    *("0-115", "user", "users"),
    granular("users"),
    derived("hs_email", "Email", ""),
    derived("hs_given_name", "First name", ""),
    derived("hs_family_name", "Last name", ""),
    derived("hs_internal_user_id", "User ID", "", "number"),
    text("hs_job_title", "Job title", ""),
    choice("hs_availability_status", "Availability", "", ("available", "Available"), ("away", "Away")),
    text("hs_working_hours", "Working hours", "", long=True),
    text("hs_out_of_office_hours", "Out of office hours", "", long=True),
    text("hs_standard_time_zone", "Time zone", ""),
    label="hs_email",
    shown=("hs_email", "hs_internal_user_id", "hs_given_name", "hs_family_name"),
    creatable=False,
)

STANDARD = (
    *(LEADS, SERVICES, COURSES, LISTINGS, APPOINTMENTS, PROJECTS),
    *(GOAL_TARGETS, DEAL_SPLITS, FEEDBACK_SUBMISSIONS, MARKETING_EVENTS, USERS),
)
