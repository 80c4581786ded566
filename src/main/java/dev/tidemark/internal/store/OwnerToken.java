package dev.tidemark.internal.store;

import java.util.UUID;

/**
 * Fencing tokens: random in 122 bits. They are UUIDs of version 8, by which the store's trigger knows an owner that marks its advances from
 * one of an older library, whose tokens are of version 4.
 */
final class OwnerToken {
    private static final long VERSION_BITS = 0xF000L;
    private static final long VERSION_8 = 0x8000L;

    private OwnerToken() {}

    static UUID random() {
        UUID random = UUID.randomUUID();
        return new UUID(
                (random.getMostSignificantBits() & ~VERSION_BITS) | VERSION_8, random.getLeastSignificantBits());
    }
}
