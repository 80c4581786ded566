package dev.tidemark.versions;

import dev.tidemark.testkit.JarLoader;
import dev.tidemark.testkit.process.ChildJvm;
import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Class paths with another version of a library. The jars are copied by the build. */
final class OlderLibraries {
    private static final Path DIRECTORY = Path.of("target", "older-libraries");

    private OlderLibraries() {}

    /** The class path of the tests with this version of these artifacts; what is not on it is added. */
    static String classPath(String version, String... artifacts) {
        List<String> all = new ArrayList<>();
        for (String artifact : artifacts) {
            Path jar = DIRECTORY.resolve(artifact + "-" + version + ".jar").toAbsolutePath();
            if (!Files.exists(jar)) {
                throw new IllegalStateException(jar + " is missing: mvn process-test-resources");
            }
            all.add(jar.toString());
        }
        Arrays.stream(ChildJvm.classPath().split(File.pathSeparator))
                .filter(entry -> Arrays.stream(artifacts)
                        .noneMatch(artifact ->
                                Path.of(entry).getFileName().toString().matches(artifact + "-[0-9.]+\\.jar")))
                .forEach(all::add);
        return String.join(File.pathSeparator, all);
    }

    /** Loads everything anew, on such a class path. */
    static URLClassLoader loader(String version, String... artifacts) {
        return JarLoader.of(
                Arrays.stream(classPath(version, artifacts).split(File.pathSeparator))
                        .map(OlderLibraries::url)
                        .toArray(URL[]::new),
                ClassLoader.getPlatformClassLoader());
    }

    private static URL url(String entry) {
        try {
            return Path.of(entry).toUri().toURL();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
