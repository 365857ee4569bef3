// Stands in for Node's https module in the suite: the internet it reaches by itself, beyond the SDK's transport.
// The pages of the card holder's bank are the sandbox's, over plain HTTP; any other host is the suite's own shop,
// which says that it got the post. Nothing leaves this machine.
const http = require("http");
const { Readable, Writable } = require("stream");

const target = new URL(process.env.GP_EMU || "http://127.0.0.1:8090");
const BANK = "acs.localhost";

exports.request = (options, answered) => {
  if (options.host === BANK) return http.request({ ...options, host: target.hostname, port: target.port }, answered);
  const posted = new Writable({ write: (chunk, encoding, done) => done() });
  return posted.on("finish", () => answered(Readable.from(['{"success": true}'])));
};
