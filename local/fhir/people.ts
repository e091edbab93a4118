import {
  type Faker,
  fakerDE,
  fakerEN_US,
  fakerES_MX,
  fakerFR,
  fakerJA,
  fakerPL,
  fakerPT_BR,
  fakerAR,
  fakerVI,
  fakerZH_CN,
} from '@faker-js/faker';
import type { Patient } from '@medplum/fhirtypes';

/** A user of the record system, as its applications know them. */
export type User = {
  readonly account: string;
  readonly upn: string;
  readonly name: string;
  readonly location: string;
  readonly workstation: string;
};

const CULTURES: readonly Faker[] = [
  fakerEN_US,
  fakerES_MX,
  fakerDE,
  fakerFR,
  fakerPL,
  fakerPT_BR,
  fakerVI,
  fakerJA,
  fakerZH_CN,
  fakerAR,
];
const WARDS = ['Emergency', 'Cardiology', 'Oncology', 'Maternity', 'Radiology', 'Surgery, 2nd floor'];

/** Synthetic patients with names and addresses of many cultures; the same for the same seed. */
export function makePatients(count: number, seed: number): Patient[] {
  for (const culture of CULTURES) culture.seed(seed);
  return Array.from({ length: count }, (_, index) => {
    const faker = CULTURES[index % CULTURES.length]!;
    const use = { use: 'official' as const };
    const given = [faker.person.firstName(), ...(index % 3 === 0 ? [faker.person.firstName()] : [])];
    const line = [faker.location.streetAddress(), ...(index % 4 === 0 ? ['Apt. 7, "rear"'] : [])];
    return {
      resourceType: 'Patient',
      id: `pat-${String(index + 1).padStart(5, '0')}`,
      name: [
        { use: 'nickname', given: ['Somebody'] },
        { ...use, given, family: faker.person.lastName() },
      ],
      address: [
        { use: 'old', line: ['1 Former Street'], city: 'Elsewhere', postalCode: '00000' },
        {
          use: 'home',
          line,
          city: faker.location.city(),
          postalCode: faker.location.zipCode(),
          state: faker.location.state(),
          country: faker.location.countryCode(),
        },
      ],
    };
  });
}

/** Synthetic users; names hold more than ASCII, so what is sent of them must be encrypted. */
export function makeUsers(count: number, seed: number): User[] {
  for (const culture of CULTURES) culture.seed(seed + 1);
  return Array.from({ length: count }, (_, index) => {
    const faker = CULTURES[index % CULTURES.length]!;
    const account = `user${String(index + 1).padStart(3, '0')}`;
    return {
      account,
      upn: `${account}@hospital.example`,
      name: `${faker.person.lastName()} ${faker.person.firstName()}`,
      location: `Hospital ${'AB'[index % 2]}, ${WARDS[index % WARDS.length]}`,
      workstation: `WS-${100 + (index % 40)}`,
    };
  });
}
