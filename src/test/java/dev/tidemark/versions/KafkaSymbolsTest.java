package dev.tidemark.versions;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.lang.reflect.Executable;
import java.lang.reflect.Method;
import java.net.URLClassLoader;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every class, method and field of kafka-clients that the library refers to is there in each supported version, as the compiler wrote it
 * down: what is missing would otherwise be found only by whoever comes to that line.
 */
class KafkaSymbolsTest {
    private static final String KAFKA = "org.apache.kafka.";

    @ParameterizedTest
    @ValueSource(strings = {"4.0", "4.1", "4.2"})
    void areThere(String version) throws IOException {
        Set<String> missing = new TreeSet<>();
        try (URLClassLoader loader = OlderLibraries.loader(version, "kafka-clients")) {
            for (JavaClass ours : new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages("dev.tidemark")) {
                ours.getDirectDependenciesFromSelf().stream()
                        .map(dependency -> dependency.getTargetClass().getBaseComponentType())
                        .filter(KafkaSymbolsTest::isKafkas)
                        .filter(used -> find(loader, used.getName()).isEmpty())
                        .forEach(used -> missing.add(ours.getName() + ": " + used.getName()));
                Stream.<Set<? extends JavaAccess<?>>>of(
                                ours.getAccessesFromSelf(),
                                ours.getMethodReferencesFromSelf(),
                                ours.getConstructorReferencesFromSelf())
                        .flatMap(Set::stream)
                        .map(JavaAccess::getTarget)
                        .filter(target -> isKafkas(target.getOwner()))
                        .filter(target -> !isThere(loader, target))
                        .forEach(target -> missing.add(ours.getName() + ": " + target.getFullName()));
            }
        }
        assertThat(missing).isEmpty();
    }

    private static boolean isKafkas(JavaClass used) {
        return used.getName().startsWith(KAFKA);
    }

    private static List<Class<?>> find(ClassLoader loader, String name) {
        try {
            return List.of(Class.forName(name, false, loader));
        } catch (ClassNotFoundException e) {
            return List.of();
        }
    }

    private static boolean isThere(ClassLoader loader, AccessTarget target) {
        return find(loader, target.getOwner().getName()).stream()
                .flatMap(KafkaSymbolsTest::withSupertypes)
                .anyMatch(owner -> target instanceof CodeUnitAccessTarget code
                        ? declares(owner, code)
                        : Arrays.stream(owner.getDeclaredFields())
                                .anyMatch(field -> field.getName().equals(target.getName())));
    }

    private static boolean declares(Class<?> owner, CodeUnitAccessTarget code) {
        List<String> parameters =
                code.getRawParameterTypes().stream().map(JavaClass::getName).toList();
        Stream<? extends Executable> candidates = code.getName().equals("<init>")
                ? Arrays.stream(owner.getDeclaredConstructors())
                : Arrays.stream(owner.getDeclaredMethods())
                        .filter(method -> method.getName().equals(code.getName()));
        return candidates.anyMatch(found -> Arrays.stream(found.getParameterTypes())
                        .map(Class::getName)
                        .toList()
                        .equals(parameters)
                && returned(found).equals(code.getRawReturnType().getName()));
    }

    private static String returned(Executable found) {
        return found instanceof Method method ? method.getReturnType().getName() : "void";
    }

    private static Stream<Class<?>> withSupertypes(Class<?> type) {
        return Stream.concat(
                Stream.of(type),
                Stream.concat(Stream.ofNullable(type.getSuperclass()), Arrays.stream(type.getInterfaces()))
                        .flatMap(KafkaSymbolsTest::withSupertypes));
    }
}
