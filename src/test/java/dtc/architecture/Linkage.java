package dtc.architecture;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.FieldModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.FieldRefEntry;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/**
 * Finds references of classes to fields and methods that do not exist. The JVM notices one when it is executed; the
 * builder of a native image refuses all of them.
 */
final class Linkage {

    /** The JVM creates their methods for each call. */
    private static final Set<String> SIGNATURE_POLYMORPHIC =
            Set.of("java/lang/invoke/MethodHandle", "java/lang/invoke/VarHandle");

    /** @param parents the superclass and the interfaces */
    private record Type(List<String> parents, Set<String> fields, Set<String> methods) {}

    /** @param jar the name of the file that contains the class */
    record Miss(String jar, String className, String member) {}

    private final ClassLoader jdk = ClassLoader.getPlatformClassLoader();
    private final Map<String, Optional<Type>> types = new HashMap<>();
    private final List<Path> jars;

    Linkage(List<Path> jars) {
        this.jars = jars;
        for (Path jar : jars) {
            forEachClass(jar, model -> types.putIfAbsent(model.thisClass().asInternalName(), Optional.of(type(model))));
        }
    }

    private static void forEachClass(Path jar, Consumer<ClassModel> action) {
        try (JarFile file = new JarFile(jar.toFile(), false, ZipFile.OPEN_READ, Runtime.version());
                Stream<JarEntry> entries = file.versionedStream()) {
            entries.filter(entry -> entry.getName().endsWith(".class")
                            && !entry.getName().endsWith("module-info.class"))
                    .forEach(entry -> {
                        try (InputStream in = file.getInputStream(entry)) {
                            action.accept(ClassFile.of().parse(in.readAllBytes()));
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    });
        } catch (IOException e) {
            throw new UncheckedIOException(jar.toString(), e);
        }
    }

    private static Type type(ClassModel model) {
        Set<String> fields = new HashSet<>();
        for (FieldModel field : model.fields()) {
            fields.add(field.fieldName().stringValue() + ":" + field.fieldType().stringValue());
        }
        Set<String> methods = new HashSet<>();
        for (MethodModel method : model.methods()) {
            methods.add(method.methodName().stringValue() + method.methodType().stringValue());
        }
        List<String> parents = Stream.concat(model.superclass().stream(), model.interfaces().stream())
                .map(ClassEntry::asInternalName)
                .toList();
        return new Type(parents, fields, methods);
    }

    /** Returns all references that cannot be resolved although the class that they name exists. */
    Set<Miss> misses() {
        Set<Miss> misses = new TreeSet<>(
                Comparator.comparing(Miss::jar).thenComparing(Miss::className).thenComparing(Miss::member));
        for (Path jar : jars) {
            String name = jar.getFileName().toString();
            forEachClass(jar, model -> {
                for (PoolEntry entry : model.constantPool()) {
                    if (entry instanceof MemberRefEntry reference && isMissing(reference)) {
                        misses.add(new Miss(
                                name,
                                model.thisClass().asInternalName(),
                                reference.owner().asInternalName() + "." + member(reference)));
                    }
                }
            });
        }
        return misses;
    }

    private static String member(MemberRefEntry reference) {
        return reference.name().stringValue()
                + (reference instanceof FieldRefEntry ? ":" : "")
                + reference.type().stringValue();
    }

    private boolean isMissing(MemberRefEntry reference) {
        String owner = reference.owner().asInternalName();
        if (owner.startsWith("[") || SIGNATURE_POLYMORPHIC.contains(owner)) {
            return false;
        }
        String member = member(reference);
        Deque<String> open = new ArrayDeque<>(List.of(owner));
        while (!open.isEmpty()) {
            Type type = find(open.remove());
            if (type == null) {
                return false; // an optional library is absent: its members are unknown
            }
            if ((reference instanceof FieldRefEntry ? type.fields() : type.methods()).contains(member)) {
                return false;
            }
            open.addAll(type.parents());
        }
        // Interfaces have the methods of Object too.
        Type object = find("java/lang/Object");
        return object != null && !object.methods().contains(member);
    }

    private @Nullable Type find(String name) {
        return types.computeIfAbsent(name, this::load).orElse(null);
    }

    private Optional<Type> load(String name) {
        try (InputStream in = jdk.getResourceAsStream(name + ".class")) {
            return in == null
                    ? Optional.empty()
                    : Optional.of(type(ClassFile.of().parse(in.readAllBytes())));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
