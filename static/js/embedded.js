// The address that opened this page holds a token. It is used up, and need not stay in the browser's history either.
"use strict";

history.replaceState(null, "", location.pathname);
