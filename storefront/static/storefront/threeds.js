// 3-D Secure on the Paying page: drives the gateway's own library, shows the bank's page, and leaves the rest to the
// state that the page asks for. What the library says is never believed: the server reads the result from the gateway.
"use strict";

const box = document.querySelector("[data-threeds]");
const PAUSE = 1000; // milliseconds between two questions while the bank is slow
const RETURNS = 3; // times the bank's page is shown again when it sent us back without having decided
const SETTLES = 6000; // milliseconds until we show it again
const SIZES = [[500, "WINDOWED_500X600"], [390, "WINDOWED_390X400"], [0, "WINDOWED_250X400"]];

const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
const state = () => document.getElementById("paying-state")?.dataset.state;
const open = () => ["processing", "action_required", "unknown"].includes(state());
const said = (error, what) => (error.reasons || []).some((reason) => reason.code === what || reason.message === what);

/** Ask again while the server is still waiting for the bank; null when there is nothing more to ask. */
async function ask(question) {
  while (open()) {
    try {
      return await question();
    } catch (error) {
      if (said(error, "timeout reached")) return { late: true };
      if (!said(error, "503")) return null;
      await pause(PAUSE);
    }
  }
  return null;
}

function browserData() {
  try {
    return GlobalPayments.ThreeDSecure.getBrowserData();
  } catch {
    // A screen of an odd depth: the library knows no word for it, the server takes the usual one.
    return {
      language: navigator.language, screenHeight: screen.height, screenWidth: screen.width,
      timezoneOffset: new Date().getTimezoneOffset() / 60, javaEnabled: false, javascriptEnabled: true,
    };
  }
}

function windowSize() {
  const width = document.getElementById("content").clientWidth;
  return SIZES.find(([least]) => width >= least)[1];
}

function show(frame) {
  frame.title = box.dataset.frameTitle;
  box.hidden = false;
  box.querySelector("h2").focus();
}

function hide() {
  const focused = box.contains(document.activeElement);
  box.hidden = true;
  box.querySelector("[data-threeds-frame]").replaceChildren();
  if (focused) document.getElementById("content").focus();
}

async function decided() {
  const until = Date.now() + SETTLES;
  while (open() && (state() !== "action_required" || Date.now() < until)) await pause(200);
  return !open();
}

async function run() {
  const { checkVersion, initiateAuthentication } = GlobalPayments.ThreeDSecure;
  const found = await ask(() => checkVersion(box.dataset.check, {}));
  if (!found) return;
  const methodUrlCompletion = found.late ? "NO" : found.methodUrl ? "YES" : "UNAVAILABLE";
  for (let shown = 0; shown < RETURNS && open(); shown += 1) {
    const answer = await ask(() => initiateAuthentication(box.dataset.initiate, {
      methodUrlCompletion,
      browserData: browserData(),
      challengeWindow: { displayMode: "embedded", target: "[data-threeds-frame]", windowSize: windowSize() },
    }));
    hide();
    if (!answer?.challengeMandated || await decided()) return;
  }
}

if (box && window.GlobalPayments?.ThreeDSecure) {
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) if (node.tagName === "IFRAME") show(node);
    }
  }).observe(box.querySelector("[data-threeds-frame]"), { childList: true });
  document.addEventListener("htmx:afterSettle", () => { if (!open()) hide(); });
  run();
}
