import { fakePlatform } from "../support/fake-platform.ts";
import { testPlatform } from "./suite.ts";

testPlatform({ title: "the fake", name: "fake", load: async () => fakePlatform, skip: false, disturbances: [], inMemory: true });
