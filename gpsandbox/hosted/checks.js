// What makes a card field's text right or wrong. Pure functions, no page.
"use strict";

const CardChecks = (() => {
  const BRANDS = [
    { type: "amex", name: "Amex", shape: /^3[47]/, lengths: [15], cvv: 4, groups: [4, 6, 5] },
    { type: "diners", name: "Diners", shape: /^3(?:0[0-5]|[68])/, lengths: [14], cvv: 3, groups: [4, 6, 4] },
    { type: "jcb", name: "JCB", shape: /^35(?:2[89]|[3-8])/, lengths: [16], cvv: 3, groups: [4, 4, 4, 4] },
    { type: "discover", name: "Discover", shape: /^6(?:011|4[4-9]|5)/, lengths: [16], cvv: 3, groups: [4, 4, 4, 4] },
    {
      type: "mastercard", name: "Mastercard", shape: /^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/,
      lengths: [16], cvv: 3, groups: [4, 4, 4, 4],
    },
    { type: "visa", name: "Visa", shape: /^4/, lengths: [13, 16, 19], cvv: 3, groups: [4, 4, 4, 4, 3] },
  ];
  const UNKNOWN = {
    type: "unknown", name: "", shape: /^/, lengths: [12, 13, 14, 15, 16, 17, 18, 19], cvv: 3, groups: [4, 4, 4, 4, 3],
  };

  const digits = (text) => text.replace(/\D/g, "");

  const brandOf = (number) => BRANDS.find((brand) => brand.shape.test(number)) || UNKNOWN;

  const luhnHolds = (number) => {
    let total = 0;
    [...number].reverse().forEach((digit, position) => {
      const value = Number(digit) * (position % 2 ? 2 : 1);
      total += value > 9 ? value - 9 : value;
    });
    return total % 10 === 0;
  };

  const grouped = (number) => {
    const parts = [];
    let rest = number;
    for (const size of brandOf(number).groups) {
      if (!rest) break;
      parts.push(rest.slice(0, size));
      rest = rest.slice(size);
    }
    return parts.join(" ");
  };

  // Accepts 0530, 5/30, 05 / 2030.
  const expiryOf = (text) => {
    const found = /^\s*(\d{1,2})\s*\/\s*(\d{2}|\d{4})\s*$/.exec(text) || /^(\d{2})(\d{2}|\d{4})$/.exec(digits(text));
    if (!found) return null;
    return { month: found[1].padStart(2, "0"), year: found[2].length === 2 ? `20${found[2]}` : found[2] };
  };

  // Each check answers "" when all is well, else what to tell the buyer.
  const number = (text) => {
    const plain = digits(text);
    if (!plain) return "Enter the card number.";
    if (!brandOf(plain).lengths.includes(plain.length)) return "This card number is not complete.";
    return luhnHolds(plain) ? "" : "This card number has a typing mistake.";
  };

  const expiration = (text, today) => {
    if (!text.trim()) return "Enter the expiry date, as on the card.";
    const expiry = expiryOf(text);
    if (!expiry || expiry.month < "01" || expiry.month > "12") return "Write the expiry date as MM / YY.";
    const lastMonth = `${today.getFullYear()}-${String(today.getMonth() + 1).padStart(2, "0")}`;
    return `${expiry.year}-${expiry.month}` < lastMonth ? "This card has expired." : "";
  };

  const cvv = (text, length) => (digits(text).length === length && digits(text) === text.trim()
    ? "" : `Enter the ${length}-digit security code.`);

  // What the gateway refused → what the buyer can do about it. Its own words are for developers.
  const REFUSALS = {
    NOT_AUTHENTICATED: "This form is too old. Please reload the page and try again.",
    ACTION_NOT_AUTHORIZED: "Cards cannot be taken here at the moment. Nothing was charged.",
    TOO_MANY_REQUESTS: "Many people are paying at the moment. Nothing was charged. Please try again in a minute.",
    INVALID_REQUEST_DATA: "The card details are not right. Nothing was charged. Please check them and try again.",
    MANDATORY_DATA_MISSING: "Something is missing. Nothing was charged. Please fill in every field.",
  };
  const refusal = (code) => REFUSALS[code] || "The card could not be checked. Nothing was charged. Please try again.";

  const holderName = (text, required) => (required && !text.trim() ? "Enter the name on the card." : "");

  return { brandOf, digits, grouped, expiryOf, number, expiration, cvv, holderName, refusal };
})();
