package dev.tidemark.testkit;

import java.net.URL;
import java.net.URLClassLoader;
import java.net.URLConnection;
import org.jspecify.annotations.Nullable;

/** Class loaders that a test closes while other tests read the same jars. */
public final class JarLoader {
    private JarLoader() {}

    /** One that opens its jars for itself: a jar that the JVM had cached would be closed with it, under whoever reads it then. */
    public static URLClassLoader of(URL[] jars, @Nullable ClassLoader parent) {
        URLConnection.setDefaultUseCaches("jar", false);
        return new URLClassLoader(jars, parent);
    }
}
