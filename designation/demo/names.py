"""Invented names. First and last names are put together at random; nobody in particular is meant."""

from __future__ import annotations

from random import Random

FIRST_NAMES = (
    "Aaron Abigail Adrian Aisha Alan Alicia Amara Amir Andre Angela Anita Anthony April Arjun Ashley Barbara Beatriz "
    "Benjamin Bianca Brandon Brian Caleb Camila Carlos Carmen Caroline Cesar Charlotte Chen Christina Colin Connor "
    "Cynthia Damon Dana Darius Deborah Derek Devon Diana Diego Dominic Dylan Edgar Elena Elijah Emily Eric Esther "
    "Ethan Evelyn Felix Fiona Francis Gabriel Gina Grace Gregory Hannah Harold Hector Helen Hiro Ian Imani Irene "
    "Isaac Ivy Jamal Janelle Jasmine Jeremy Joanna Joel Jorge Josephine Julian Kara Keiko Keith Kenji Kevin Kiara "
    "Lamar Laura Leah Leon Leticia Lila Logan Lucia Luis Lydia Malik Manuel Marcus Maria Marisol Martin Maya Megan "
    "Miguel Mira Monica Nadia Naomi Nathan Neil Nicole Nina Noah Nora Olga Oscar Pablo Paige Patrice Paul Priya "
    "Quentin Rachel Rafael Rashad Rebecca Renee Ricardo Robin Rosa Ruben Ruth Samir Sara Sean Selena Shawn Simone "
    "Sofia Stefan Tamara Tanya Theo Tomas Trevor Valeria Vanessa Victor Vincent Wesley Whitney Xavier Yolanda Zoe"
)
LAST_NAMES = (
    "Abbott Acosta Adeyemi Aguilar Albright Alvarez Andersen Archer Ashby Avila Baldwin Banerjee Barrera Bauer Becker "
    "Beltran Benson Bishop Blackwood Boone Bowers Bradshaw Brennan Briggs Brooks Burke Caldwell Calloway Camacho "
    "Cardenas Carver Castillo Chandler Chavez Cho Clayton Conway Cordova Crane Cruz Dalton Dawson Delgado Desai Diaz "
    "Dixon Donovan Doyle Drake Duarte Dunn Eastman Ellison Escobar Espinoza Farrell Fields Fischer Fitzgerald Flores "
    "Fontaine Foster Franco Gaines Gallagher Garza Gentry Gibbs Gomez Goodwin Granger Greer Griffin Guerrero Haines "
    "Hale Hampton Hardin Harmon Hayes Hendrix Herrera Hobbs Holloway Horvath Huang Hughes Ibarra Ingram Ito Jacobs "
    "Jarvis Jennings Joshi Juarez Kapoor Keller Kendrick Kessler Khan Kim Kirby Klein Knox Kowalski Kramer Lambert "
    "Lang Larkin Lawson Le Leighton Lin Lockhart Lopez Lowell Lozano Lynch Macias Maddox Mahoney Maldonado Marsh "
    "Mathis Mbeki McBride McKenna Medina Mendez Mercer Meyer Mills Molina Monroe Montoya Morales Moss Munoz Nakamura "
    "Nash Navarro Nguyen Nielsen Nolan Novak Nunez O’Brien O’Neal Ochoa Okafor Oliver Orozco Ortiz Osborne Pacheco "
    "Padilla Park Patel Pearson Pena Perez Perkins Phan Pierce Pineda Porter Prescott Quinn Quintero Raines Ramos "
    "Rao Rasmussen Reyes Rhodes Rivas Robles Rojas Romero Rosen Rowe Ruiz Salazar Salinas Sandoval Santos Saunders "
    "Schaefer Schultz Sharma Shepherd Sherman Silva Singh Solis Soto Stafford Stanton Steele Suarez Sutton Tanaka "
    "Tate Thornton Torres Tran Trujillo Underwood Valdez Valencia Vargas Vasquez Vaughn Vega Velasco Villa Wagner "
    "Walsh Warren Watkins Weaver Webb Wells Whitaker Wilder Wong Yamada Yates Yoon Young Zamora Zhang Ziegler"
)
FIRST = tuple(FIRST_NAMES.split())
LAST = tuple(LAST_NAMES.split())


class Names:
    """Draws names; the account of each is unlike all before it, in ASCII."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def draw(self, rng: Random) -> tuple[str, str, str]:
        """First name, last name and account, as ("Maya", "O’Neal", "maya.oneal2")."""
        first, last = rng.choice(FIRST), rng.choice(LAST)
        account = f"{first}.{last}".lower().replace("’", "")
        self._taken[account] = taken = self._taken.get(account, 0) + 1
        return first, last, account if taken == 1 else f"{account}{taken}"
