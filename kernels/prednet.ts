export * from "./neural/prednet";
