"""What the lists API refuses, in the sub-categories of HubSpot's list service."""

from __future__ import annotations

from emulator.errors import InvalidInput, ObjectNotFound


class ListNotFound(ObjectNotFound):
    def __init__(self, list_id: object) -> None:
        super().__init__(f"List does not exist with ID {str(list_id)[:50]}.")
        self.fields |= {"subCategory": "ILS.LIST_NOT_FOUND", "context": {"listId": [str(list_id)[:50]]}}


class ListNameNotFound(ObjectNotFound):
    def __init__(self, name: str) -> None:
        super().__init__(f"List does not exist with name {name[:200]}.")
        self.fields |= {"subCategory": "ILS.LIST_NOT_FOUND", "context": {"listName": [name[:200]]}}


class DuplicateListName(InvalidInput):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"List with name '{name}' already exists. List names must be unique.",
            subCategory="ILS.DUPLICATE_LIST_NAMES",
        )


class InvalidProcessingType(InvalidInput):
    def __init__(self, message: str) -> None:
        super().__init__(message, subCategory="ILS.INVALID_PROCESSING_TYPE")


class InvalidCursor(InvalidInput):
    def __init__(self) -> None:
        super().__init__("The after token is invalid.", subCategory="ILS.INVALID_CURSOR")


class FolderNotFound(ObjectNotFound):
    def __init__(self, folder_id: object) -> None:
        super().__init__(f"Folder does not exist with ID {str(folder_id)[:50]}.")
        self.fields |= {"subCategory": "ILS.FOLDER_NOT_FOUND"}
