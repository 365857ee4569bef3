// Inside a frame of the Paying page, where the bank has sent the browser back to: tells the page around it. What the
// bank posted stays here; nobody believes a browser.
"use strict";

const { handleMethodNotification, handleChallengeNotification } = GlobalPayments.ThreeDSecure;
const tell = document.body.dataset.threedsEvent === "method" ? handleMethodNotification : handleChallengeNotification;
tell({});
