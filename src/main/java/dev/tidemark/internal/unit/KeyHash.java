package dev.tidemark.internal.unit;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The hash by which a key is stored; the same as the column {@code dead_letter.key_hash}. */
final class KeyHash {
    private KeyHash() {}

    static ByteBuffer of(byte[] key) {
        try {
            return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(key));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }
}
