package dev.tidemark;

import java.time.Duration;

/**
 * How long the phases of a transaction took. A phase that it did not reach is zero.
 *
 * @param decode deserializing by the worker itself; records that were decoded ahead, on another thread, cost nothing here
 * @param begin getting a connection if there was none, BEGIN, and checking the claims
 * @param handle the handler, with all its statements
 * @param advance moving the stored offsets, including waits for locks
 * @param commit COMMIT
 */
public record UnitTimes(Duration decode, Duration begin, Duration handle, Duration advance, Duration commit) {}
