/** The largest message of the service's standard tier, over whatever protocol. AMQP clients learn it when they attach. */
export const MAX_MESSAGE_SIZE = 1024 * 1024;
