package dev.tidemark.cli.output;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Standard output, which remembers whether it failed because nobody reads any more, as after {@code head}. Not thread-safe. */
public final class StandardOutput extends OutputStream {
    private static final Path ITSELF = Path.of("/proc/self/fd/1");

    private final OutputStream out = new FileOutputStream(FileDescriptor.out);
    private boolean abandoned;

    /** Whether its reader has left; then whatever is written is lost, and nobody misses it. */
    public boolean isAbandoned() {
        return abandoned;
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
        try {
            out.write(bytes, from, length);
        } catch (IOException e) {
            abandoned |= isPipe(e);
            throw e;
        }
    }

    /** The system's message may be in any language, and only Linux shows what a descriptor is. */
    private static boolean isPipe(IOException failure) {
        if (String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT).contains("pipe")) {
            return true;
        }
        try {
            return Files.readSymbolicLink(ITSELF).toString().startsWith("pipe:");
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }
}
