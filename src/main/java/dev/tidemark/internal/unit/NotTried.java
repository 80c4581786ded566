package dev.tidemark.internal.unit;

import dev.tidemark.RedriveResult.Status;

/** Why a dead letter was not tried. */
final class NotTried extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Status status;

    NotTried(Status status) {
        this.status = status;
    }

    Status status() {
        return status;
    }
}
