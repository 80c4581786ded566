package dev.tidemark;

import java.time.Duration;

/**
 * What a transaction spent its time with. A phase that it did not come to is zero.
 *
 * @param decode deserializing by the worker itself; records that were decoded ahead, on another thread, cost nothing here
 * @param begin getting a connection if there was none, BEGIN, and the check of the claims
 * @param handle the handler, with all its statements
 * @param advance moving the stored offsets, with the locks waited for
 * @param commit COMMIT
 */
public record UnitTimes(Duration decode, Duration begin, Duration handle, Duration advance, Duration commit) {}
