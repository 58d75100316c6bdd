/** RFC 8555, section 6.1: the client's name and version. A test holds it to the version in package.json. */
export const USER_AGENT = 'evercert/0.1.0';
