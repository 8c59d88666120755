// The zone of this browser, so that the console writes times in it. Without this, times are in UTC, and say so.
"use strict";

(() => {
  const NAME = "plaudit_zone";
  const YEAR_SECONDS = 31536000;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const isKept = (value) => document.cookie.split("; ").includes(`${NAME}=${value}`);
  const value = encodeURIComponent(zone ?? "");
  const shown = document.currentScript.dataset.zone;
  if (!zone || isKept(value)) {
    return;
  }
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${NAME}=${value}; Path=/; Max-Age=${YEAR_SECONDS}; SameSite=Lax${secure}`;
  // The first page after a sign-in elsewhere was written in another zone. Where cookies are refused, it stays so.
  if (shown && shown !== zone && isKept(value)) {
    location.replace(location.href);
  }
})();
